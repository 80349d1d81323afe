/** The names of the payment channels, by the service's identifier. */
export const CHANNELS: Readonly<Record<string, string>> = {
  alipay: '支付宝',
}
