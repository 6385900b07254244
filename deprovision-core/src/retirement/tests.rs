//! Given events, when a command, then events or a refusal; and random schedules.
