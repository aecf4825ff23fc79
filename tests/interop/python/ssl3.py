"""A server that speaks SSL 3.0 and nothing else, which OpenSSL has forgotten: ssl3.py CERTIFICATE KEY"""

import socket
import sys

from tlslite.api import HandshakeSettings, TLSConnection, X509, X509CertChain, parsePEMKey

with open(sys.argv[1], encoding="ascii") as file:
    certificate = X509().parse(file.read())
with open(sys.argv[2], encoding="ascii") as file:
    key = parsePEMKey(file.read(), private=True)
settings = HandshakeSettings()
settings.minVersion = settings.maxVersion = (3, 0)
settings.cipherNames = ["aes256", "aes128", "3des", "rc4"]
settings.macNames = ["sha", "md5"]

listener = socket.create_server(("127.0.0.1", 0))
print("serving at 127.0.0.1:%d" % listener.getsockname()[1], file=sys.stderr, flush=True)
while True:
    connection, _ = listener.accept()
    with connection:
        try:
            TLSConnection(connection).handshakeServer(
                certChain=X509CertChain([certificate]), privateKey=key, settings=settings
            )
        except Exception as error:  # Whoever asks leaves in the middle of it.
            print(repr(error), file=sys.stderr, flush=True)
