"""Out into the world: calls of AWS services that this program is not, mail, HTTP and programs.

Promises that an answer is the service's own, or an AwsError with its words, and that what could not be delivered says
why (`DeliveryFailed`). Refuses to know why a call is made, and to try again.
"""
