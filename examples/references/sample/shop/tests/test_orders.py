def test_an_order_is_read(client):
    assert client.get('/v1/orders/7').status_code == 200
