"""The waist: what a request asks and what an answer says, in no dialect."""
