//! Words, an outbox on a real disk, and channels to a server on this machine.

#[cfg(test)]
mod approvals;
#[cfg(test)]
mod channels;
#[cfg(test)]
mod conformance;
#[cfg(test)]
mod courier;
#[cfg(test)]
mod http_server;
#[cfg(test)]
mod http_world;
#[cfg(test)]
mod inbound;
#[cfg(test)]
mod injection;
#[cfg(test)]
mod killed;
#[cfg(test)]
mod outbox;
#[cfg(test)]
mod outcomes;
#[cfg(test)]
mod press_people;
#[cfg(test)]
mod press_trouble;
#[cfg(test)]
mod press_world;
#[cfg(test)]
mod presses;
#[cfg(test)]
mod scripted;
#[cfg(test)]
mod shapes;
#[cfg(test)]
mod ssrf;
#[cfg(test)]
mod starttls;
#[cfg(test)]
mod templates;
#[cfg(test)]
mod world;
