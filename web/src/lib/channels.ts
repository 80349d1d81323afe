/** What people call the payment channels, by the word with which the service names them. */
export const CHANNELS: Readonly<Record<string, string>> = {
  alipay: '支付宝',
}
