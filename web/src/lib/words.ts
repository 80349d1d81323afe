const WIDE: Readonly<Record<string, string>> = { ',': '，', ':': '：', ';': '；', '!': '！', '?': '？' }

/** Chinese text with full-width punctuation. The service's texts have half-width punctuation, as its contract does. */
export function fullWidth(text: string): string {
  const besideHan = /(?<=\p{Script=Han})([,:;!?]) ?|([,:;!?]) ?(?=\p{Script=Han})/gu
  return text.replace(besideHan, (_all, after?: string, before?: string) => WIDE[after ?? before ?? ''] ?? '')
}
