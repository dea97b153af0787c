export * from '@parley/testing/redis-servers';
