"""The tables of delivery: pending deliveries, and alerts that reached no recipient."""
