"""Store the settings of text messages (SMS); none is sent."""
