"""What a resource server does with an access token: the README shows the same lines."""

import jwt

keys = jwt.PyJWKClient("http://127.0.0.1:8080/.well-known/jwks.json")


def verified(token):
    key = keys.get_signing_key_from_jwt(token)
    claims = jwt.decode(token, key, algorithms=[key.algorithm_name], issuer="atalaya", leeway=60)
    if claims["token_type"] != "access_token":
        raise jwt.InvalidTokenError("not an access token")
    return claims
