//! Numbers as bytes: little-endian, integers of variable length.

use synfire_core::Time;

/// Appends an integer of variable length.
#[inline]
pub fn put(bytes: &mut Vec<u8>, mut value: u64) {
    while value >= 128 {
        bytes.push(value as u8 | 128);
        value >>= 7;
    }
    bytes.push(value as u8);
}

#[inline]
pub(super) fn put_signed(bytes: &mut Vec<u8>, value: i64) {
    put(bytes, (value << 1 ^ value >> 63) as u64);
}

/// Appends each target less the one before.
pub(super) fn put_steps(bytes: &mut Vec<u8>, targets: &[u32]) {
    let begins = bytes.len();
    bytes.resize(begins + 2 * targets.len(), 0);
    let mut end = begins;
    let mut largest = 0;
    // Nobody can foresee which of them take a second byte.
    for pair in targets.windows(2) {
        let step = pair[1] - pair[0];
        let is_long = step >= 128;
        let low = step as u8 & 127 | u8::from(is_long) << 7;
        bytes[end..end + 2].copy_from_slice(&[low, (step >> 7) as u8]);
        end += 1 + usize::from(is_long);
        largest = largest.max(step);
    }
    bytes.truncate(end);
    if largest >= 1 << 14 {
        bytes.truncate(begins);
        targets.windows(2).for_each(|pair| put(bytes, u64::from(pair[1] - pair[0])));
    }
}

pub(super) fn put_time_after(bytes: &mut Vec<u8>, at: Time, later: Time) {
    let (epoch, offset) = later.parts();
    put(bytes, epoch.wrapping_sub(at.parts().0));
    bytes.extend(offset.to_le_bytes());
}

pub(super) fn take_byte(bytes: &mut &[u8]) -> Option<u8> {
    let (&byte, rest) = bytes.split_first()?;
    *bytes = rest;
    Some(byte)
}

/// Takes an integer of variable length off the front.
#[inline]
pub fn take(bytes: &mut &[u8]) -> Option<u64> {
    let mut value = 0;
    for shift in (0..64).step_by(7) {
        let byte = take_byte(bytes)?;
        value |= u64::from(byte & 127) << shift;
        if byte < 128 {
            return Some(value);
        }
    }
    None
}

pub(super) fn take_signed(bytes: &mut &[u8]) -> Option<i64> {
    let value = take(bytes)?;
    Some((value >> 1) as i64 ^ -((value & 1) as i64))
}

pub(super) fn take_f64(bytes: &mut &[u8]) -> Option<f64> {
    let (front, rest) = bytes.split_first_chunk::<8>()?;
    *bytes = rest;
    Some(f64::from_le_bytes(*front))
}

pub(super) fn take_time_after(bytes: &mut &[u8], at: Time) -> Option<Time> {
    let epoch = at.parts().0.wrapping_add(take(bytes)?);
    Time::from_parts(epoch, take_f64(bytes)?)
}
