/** The statuses of an order, as the service numbers them. */
export const STATUS = { unpaid: 1, toShip: 2, shipped: 3, done: 4, cancelled: 5, refunded: 6 } as const

const TEXTS: Readonly<Record<number, string>> = {
  1: '待付款',
  2: '待发货',
  3: '待收货',
  4: '已完成',
  5: '已取消',
  6: '已退款',
}

/** What a status is called. */
export const statusText = (status: number): string => TEXTS[status] ?? '未知状态'

/** The tabs of an order list, 全部 first. */
export const STATUS_TABS = [
  { status: 0, text: '全部' },
  ...Object.entries(TEXTS).map(([status, text]) => ({ status: Number(status), text })),
]

const ACTORS: Readonly<Record<string, string>> = {
  buyer: '买家',
  shop: '商家',
  staff: '商家',
  alipay: '支付宝',
  deadline: '系统',
  system: '系统',
  job: '系统',
}

/** Who changed an order. */
export const actorText = (actor: string): string => ACTORS[actor] ?? actor

/** How one entry of an order's timeline reads. */
export function timelineText(entry: { from: number | null; to: number }): string {
  if (entry.from === null) return '提交订单'
  switch (entry.to) {
    case STATUS.toShip:
      return '付款成功，等待发货'
    case STATUS.shipped:
      return '商家已发货'
    case STATUS.done:
      return '已确认收货，交易完成'
    case STATUS.cancelled:
      return '订单已取消'
    case STATUS.refunded:
      return '订单已退款'
    default:
      return statusText(entry.to)
  }
}
