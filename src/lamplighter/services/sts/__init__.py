"""Serve AWS Security Token Service: who a caller is, and temporary credentials for roles.

Guarantees that temporary credentials end with their time and with the key that requested them. Federation (SAML, web
identities) is refused: an engine has no identity providers.
See https://docs.aws.amazon.com/STS/latest/APIReference/welcome.html.
"""
