//! The examples as a person runs them, and the retirement of the quickstart killed at
//! every point.

#[cfg(test)]
mod audit;
#[cfg(test)]
mod facts;
#[cfg(test)]
mod matrix;
#[cfg(test)]
mod notify_preview;
#[cfg(test)]
mod notify_words;
#[cfg(test)]
mod process;
#[cfg(test)]
mod program;
#[cfg(test)]
mod quickstart;
#[cfg(test)]
mod references;
#[cfg(feature = "aws")]
#[cfg(test)]
mod retire_aws;
#[cfg(feature = "peers")]
#[cfg(test)]
mod retire_aws_normal;
#[cfg(feature = "github")]
#[cfg(test)]
mod retire_github;
#[cfg(test)]
mod running;
#[cfg(test)]
mod stakeholders;
#[cfg(unix)]
#[cfg(test)]
mod stakeholders_served;
