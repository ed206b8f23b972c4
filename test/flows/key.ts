/** The SETUP_API_KEY of every flow: all scopes, made at start. */
export const FLOW_KEY = 'hk_flow_key_with_32_characters_or_more_0001'

/** The first super admin of every flow. */
export const FLOW_ADMIN = { SETUP_EMAIL: 'ingrid@nordlys.example', SETUP_PASSWORD: 'correct horse battery' }
