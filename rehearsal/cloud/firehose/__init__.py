"""Firehose: moto's backend, whose streams buffer by size and age, process, and write objects to S3.

What cannot be shown here:

- Other destinations than S3, other sources than PutRecord and CloudWatch Logs, other processors than those
  for CloudWatch Logs and delimiters (no Lambda), other compression than gzip, other time zones than UTC,
  dynamic partitioning and conversion to Parquet: these are refused.
- Throughput: AWS scales a stream up when it is throttled, and may meanwhile hold more back than the buffer's
  hints say. Here a stream takes everything at once; a fault on PutRecordBatch stands for throttling.
- What the buffer's size is measured of: AWS says that it is before compression; here it is of the unpacked
  records.
- Encryption at rest within the stream has a state and nothing else, and objects are not really encrypted:
  whether the role may use the key is looked at, the key's own policy is not.
- The codes of records that could not be unpacked, which AWS documents by example only.
- Flow logs and load balancer logs, which AWS writes to the bucket by itself: there is no traffic to tell of.
"""
