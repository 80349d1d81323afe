const WIDE: Readonly<Record<string, string>> = { ',': '，', ':': '：', ';': '；', '!': '！', '?': '？' }

/** Chinese text with the punctuation that belongs to it. The service's texts have the half-width one, as its contract does. */
export function fullWidth(text: string): string {
  const besideHan = /(?<=\p{Script=Han})([,:;!?]) ?|([,:;!?]) ?(?=\p{Script=Han})/gu
  return text.replace(besideHan, (_all, after?: string, before?: string) => WIDE[after ?? before ?? ''] ?? '')
}
