/** Texts about webhook deliveries for staff. */

const TYPES: Readonly<Record<string, string>> = {
  'order.created': '下单',
  'order.status_changed': '状态变更',
  'order.refund': '退款',
  'order.amount_lowered': '改价',
  'order.address_changed': '修改地址',
}

export const eventType = (type: string): string => TYPES[type] ?? type

const OUTCOMES: Readonly<Record<string, string>> = {
  delivered: '成功',
  refused: '被拒绝',
  unreachable: '无法连接',
  cut_off: '已中断',
}

/** The outcome, with the HTTP status if there was a response. */
export function outcomeInWords(attempt: { outcome: string; httpStatus: number | null }): string {
  const words = OUTCOMES[attempt.outcome] ?? attempt.outcome
  return attempt.httpStatus === null ? words : `${words}（HTTP ${String(attempt.httpStatus)}）`
}
