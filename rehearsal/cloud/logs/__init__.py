"""CloudWatch Logs: moto's backend, whose lines go the whole way that they go on AWS.

A line put to a group is counted by metric filters and sent by subscription filters, packed as AWS packs it,
to Firehose streams of this account or through a destination of another. Roles are looked at: whether the
service may assume them, and what their own policies allow.

What cannot be shown here:

- How long delivery takes on AWS ("near real time"): here it takes none, but for a server's agent (5 seconds
  at most), Firehose's buffer, and tries that are repeated. How often AWS tries again is not documented.
- Doubled lines, which both hops may bring on AWS at any time: here only where a fault (`drop: after`) asks
  for it. A reader that tells lines by their IDs can be tested with that.
- Encryption: a group's key is noted and never used. A key policy that shuts CloudWatch Logs or Firehose out,
  and conditions or denials in a role's policies, are not noticed.
- Retention: lines never expire.
- Filter patterns over columns, metric filters with dimensions or with values out of the lines; they are
  refused. Subscriptions to Kinesis streams are refused too, and those to functions lead nowhere.
- Insights queries are moto's own: most of the language, but not all of it. Saved queries and dashboards are
  kept, and nothing looks into them.
"""
