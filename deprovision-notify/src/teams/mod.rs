//! Letters as cards in Microsoft Teams.

mod card;
mod channel;

pub use channel::Teams;
