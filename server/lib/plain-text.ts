const CONTROL = /\p{Cc}/u
const BIDI = /[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/

/** Whether a text of one line shows as what it is: no control characters, none that turn the reading direction. */
export const isPlainText = (text: string): boolean => text.isWellFormed() && !CONTROL.test(text) && !BIDI.test(text)
