//! Memory that will be needed soon: asked for without waiting, so that several misses of the caches overlap. It changes no result.

/// Asks for the element of a list at a place, if there is one.
#[inline(always)]
pub(crate) fn prefetch<T>(list: &[T], place: usize) {
    #[cfg(target_arch = "x86_64")]
    if let Some(element) = list.get(place) {
        safe_arch::prefetch_t0(element);
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = (list, place);
}
