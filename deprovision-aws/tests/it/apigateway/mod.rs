//! What moto does not do: pages, throttling, refusals, lost answers, canaries, what a
//! deployment holds, and policies as AWS writes them out.
#![cfg(all(feature = "apigateway", feature = "apigatewayv2"))]

mod http;
mod rest;
mod world;
