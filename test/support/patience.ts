/** How long tests wait for what only has to come: a busy machine is slow. */
export const patience = { timeout: 60_000 };
