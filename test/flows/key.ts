/** The SETUP_API_KEY of every flow: all scopes, made at start. */
export const FLOW_KEY = 'hk_flow_key_with_32_characters_or_more_0001'
