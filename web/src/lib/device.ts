/** The user agent of the browser. */

export type Device = 'pc' | 'wap'

/** A phone pays by Alipay's own page for phones. */
export function deviceOf(userAgent: string): Device {
  return /Android|iPhone|iPod|Mobile|HarmonyOS/i.test(userAgent) ? 'wap' : 'pc'
}

/** WeChat's built-in browser, in which Alipay does not open. */
export function isWeChat(userAgent: string): boolean {
  return /MicroMessenger/i.test(userAgent)
}
