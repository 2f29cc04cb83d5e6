"""Why a run failed, in words for people."""
