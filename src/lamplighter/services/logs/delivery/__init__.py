"""Store delivery sources, delivery destinations and the deliveries between them, with which AWS's services vend logs.

The engine has none of these services, so a delivery is stored and shown, and delivers nothing.
"""
