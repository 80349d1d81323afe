/** Typed or pasted text as the single line that the service accepts. */
export const oneLine = (text: string): string => text.replace(/[\r\n\t]+/g, ' ')

/** Why the service refuses such a name or address: its tables store at most three bytes per character. */
export function refusal(text: string): string | undefined {
  const wrong = [...text].find((letter) => letter.length > 1 || /\p{Cc}/u.test(letter))
  if (wrong === undefined) return undefined
  return wrong.length > 1 ? `不支持字符「${wrong}」，请换用其他文字` : '不能有换行等控制字符'
}

/** A form rule for a name or an address. */
export const storable = {
  validator(_rule: unknown, text: string, done: (error?: Error) => void): void {
    const why = refusal(text)
    done(why === undefined ? undefined : new Error(why))
  },
  trigger: 'blur',
}

const RECEIVER_CHARACTERS = 10
/** A form rule: the longest name of an address. A field that truncated it would send goods to another name. */
export const receiverFits = {
  validator: (_rule: unknown, typed: string): boolean => [...typed.trim()].length <= RECEIVER_CHARACTERS,
  message: `收货人不能超过 ${String(RECEIVER_CHARACTERS)} 字`,
  trigger: 'blur',
}
