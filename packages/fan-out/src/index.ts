export * from './fan-out.ts';
export { FanOutPublisher, listenToFanOut } from './fan-out-redis.ts';
