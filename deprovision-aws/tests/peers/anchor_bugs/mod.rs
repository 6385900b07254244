//! Bugs that other tools shipped, and that are not here.

mod c7n_5583;
