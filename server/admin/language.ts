import { locales, type Locale, type Translator } from '../web/i18n.ts'

/** Each language calls itself by its own name, in every language. */
const names: Readonly<Record<Locale, string>> = {
  en: 'English',
  sv: 'Svenska',
  nl: 'Nederlands',
  es: 'Español',
  nb: 'Norsk bokmål',
}

/** The options of a Language field. */
export const languages = (t: Translator): { value: string; label: string }[] => [
  { value: '', label: t('Browser’s choice') },
  ...locales.map((locale) => ({ value: locale, label: names[locale] })),
]

/** What was chosen; anything unknown goes by the browser. */
export const readLanguage = (chosen: string): Locale | null => locales.find((locale) => locale === chosen) ?? null
