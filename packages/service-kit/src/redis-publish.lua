-- Publishes a message. As a script with the channel as key, it runs in a Cluster on the node that owns the channel's slot: all
-- publishers of a channel use the same node, and its messages arrive in the order of publishing.
--
-- KEYS: the channel   ARGV: the message   Reply: the number of receivers that are connected to this node
return redis.call('PUBLISH', KEYS[1], ARGV[1])
