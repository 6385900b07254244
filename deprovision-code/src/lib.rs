//! References to APIs in working copies: search, removal as a change to review, document edits.
#![deny(missing_docs)]
