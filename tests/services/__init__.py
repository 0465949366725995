"""Real programs that tests run against: fetched once, run on loopback, missed aloud.

`debian` fetches packages, `ceph` runs an S3 server from them, `missing` says what was not to be
had, `fixtures` gives all of it to the tests.
"""
