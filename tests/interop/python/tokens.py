"""Tokens of a client of the ipseity API, verified elsewhere and without asking the server."""

import json
import sys
import urllib.error
import urllib.parse
import urllib.request

import jwt
import resource_server


def main(server, algorithm):
    resource_server.keys = jwt.PyJWKClient(f"{server}/.well-known/jwks.json")
    ask(server, "POST", "/user", user="mara", **{"pass": "x"})
    token = ask(server, "GET", "/token", user="mara", **{"pass": "x"})
    claims = resource_server.verified(token)
    assert claims == json.loads(ask(server, "GET", "/check", access_token=token)), claims
    assert jwt.get_unverified_header(token)["alg"] == algorithm

    public_key = ask(server, "GET", "/pubkey")
    assert jwt.decode(token, public_key, algorithms=[algorithm], issuer="atalaya", leeway=60) == claims

    refused(ask(server, "GET", "/refresh_token", access_token=token))
    head, body, signature = token.split(".")
    refused(f"{head}.{body}.{signature[::-1]}")
    refused(jwt.encode(claims, "x" * 64, "HS256", headers=jwt.get_unverified_header(token) | {"alg": "HS256"}))
    refused(jwt.encode(claims, None, "none"))

    ours = jwt.encode(claims, "x" * 64, "HS256", headers={"kid": jwt.get_unverified_header(token)["kid"]})
    try:
        ask(server, "GET", "/check", access_token=ours)
    except urllib.error.HTTPError as error:
        assert error.code == 400 and json.load(error)["error_name"] == "InvalidTokenError"
    else:
        raise AssertionError("the server takes a token that it has not signed")


def refused(token):
    try:
        claims = resource_server.verified(token)
    except jwt.PyJWTError:
        return
    raise AssertionError(f"verified: {claims}")


def ask(server, method, path, **arguments):
    """Arguments go in a form, with GET too."""
    data = urllib.parse.urlencode(arguments).encode()
    with urllib.request.urlopen(urllib.request.Request(server + path, data, method=method)) as answer:
        return answer.read().decode()


if __name__ == "__main__":
    main(*sys.argv[1:])
