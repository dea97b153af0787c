export * from './fan-out.ts';
export { FanOutPublisher, subscribeToFanOut } from './fan-out-redis.ts';
