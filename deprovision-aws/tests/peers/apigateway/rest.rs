//! REST APIs: the suite of core, and what it does not ask.

use deprovision_core::conformance::access_path;

use super::shop::Shop;

#[tokio::test]
async fn i_5_a_rest_api_keeps_every_promise_of_the_port_as_aws_documents_it() {
    let shop = Shop::new("NONE").await;
    let cases = access_path(&shop).await.unwrap();
    assert_eq!(cases, 12);
}
