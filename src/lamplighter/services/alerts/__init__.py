"""What people are told of a job that failed: composed here, where all the facts are, and published to their topic.

Promises that nothing which goes wrong in composing loses an alert: the text that the rule itself makes is told then.
On AWS that text is all there is.
"""
