/** The Lua functions that the scripts which depend on the epoch include. */
export const EPOCH_FUNCTIONS = [new URL('./scripts/epoch.lua', import.meta.url)];
