//! Filters as people write them.

use super::who::{self, Unknown, Who};
use synfire_core::Time;
use synfire_core::events::{EventFilter, Kinds};

/// The parts of a filter as they were given; what was not given lets everything through.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FilterText {
    /// Kinds of events: `spike,arrival`.
    pub kind: Option<String>,
    /// Neurons: `cells:0-9,drive`.
    pub neuron: Option<String>,
    /// Neurons whose arrivals: likewise.
    pub source: Option<String>,
    /// From when on, ms.
    pub from: Option<String>,
    /// Before when, ms.
    pub until: Option<String>,
}

/// Why a filter cannot be understood.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FilterError {
    /// A term that is none.
    #[error("`{0}` is no term of a filter: expected kind=, neuron=, source=, from= or until=")]
    Term(String),
    /// A term that is there twice.
    #[error("`{0}=` is there twice")]
    Twice(&'static str),
    /// Something that the network has not.
    #[error("{0}")]
    Unknown(#[from] Unknown),
    /// Nothing can pass.
    #[error("nothing lies between {from} and {until} ms")]
    Empty {
        /// From when on.
        from: Time,
        /// Before when.
        until: Time,
    },
}

impl FilterText {
    /// Reads `kind=spike,arrival neuron=cells:0-9 from=10 until=20`: terms separated by spaces, all of which must hold.
    ///
    /// # Errors
    /// Something that is no term, or one that is there twice.
    pub fn parse(text: &str) -> Result<FilterText, FilterError> {
        let mut parts = FilterText::default();
        for term in text.split_whitespace() {
            let (key, value) = term.split_once('=').ok_or_else(|| FilterError::Term(term.to_owned()))?;
            let (place, key) = match key {
                "kind" => (&mut parts.kind, "kind"),
                "neuron" => (&mut parts.neuron, "neuron"),
                "source" => (&mut parts.source, "source"),
                "from" => (&mut parts.from, "from"),
                "until" => (&mut parts.until, "until"),
                _ => return Err(FilterError::Term(term.to_owned())),
            };
            if place.replace(value.to_owned()).is_some() {
                return Err(FilterError::Twice(key));
            }
        }
        Ok(parts)
    }

    /// The filter, for a network.
    ///
    /// # Errors
    /// Something that the network has not.
    pub fn filter(&self, who: &Who) -> Result<EventFilter, FilterError> {
        let neurons = |list: &Option<String>| list.as_deref().map(|list| who.neurons(list)).transpose();
        let instant = |text: &Option<String>, or| text.as_deref().map_or(Ok(or), who::instant);
        let filter = EventFilter {
            kinds: self.kind.as_deref().map_or(Ok(Kinds::ALL), who::kinds)?,
            neurons: neurons(&self.neuron)?,
            sources: neurons(&self.source)?,
            from: instant(&self.from, Time::ZERO)?,
            until: instant(&self.until, Time::NEVER)?,
        };
        match filter.from < filter.until {
            true => Ok(filter),
            false => Err(FilterError::Empty { from: filter.from, until: filter.until }),
        }
    }
}
