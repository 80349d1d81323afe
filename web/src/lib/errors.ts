import { fullWidth } from './words'

/** No response arrived in time. */
export const TIMED_OUT = -1
/** The service cannot be reached. */
export const OFFLINE = -2
/** The response is not from this service. */
export const NONSENSE = -3

/** The offline cart has its maximum of lines. */
export const CART_FULL = -4
/** A link to the confirmation of a direct purchase names no SKU. */
export const NO_GOODS = -5
/** The cart is empty, and an order of it without an answer may be the reason. */
export const PERHAPS_ORDERED = -6
/** The change may have been made without an answer: repeated, it would add the pieces or the address twice. */
export const PERHAPS_IN_CART = -7
export const PERHAPS_SAVED = -8

/** The outcome of a request is unknown: the service did not tell it, or no valid response arrived. */
export function isOutcomeUnknown(error: unknown): boolean {
  return error instanceof ApiError && [TIMED_OUT, OFFLINE, NONSENSE, 50000, 50115].includes(error.code)
}

/** Replaces an error with unknown outcome by this code, whose text does not suggest a retry. */
export const orPerhaps = (code: number) => (error: unknown): never => {
  throw isOutcomeUnknown(error) ? new ApiError(code) : error
}

/** The meaning of each code for a buyer, and what to do about it. docs/API.md lists the codes. */
const WORDS: Readonly<Record<number, string>> = {
  [TIMED_OUT]: '服务器响应超时，请稍后重试',
  [OFFLINE]: '网络连接失败，请检查网络后重试',
  [NONSENSE]: '服务器返回了无法识别的内容，请稍后重试',
  [CART_FULL]: '购物车中的商品种类已满，请登录，或先移除一些商品',
  [NO_GOODS]: '没有找到要购买的商品，请从商品页重新购买',
  [PERHAPS_ORDERED]: '没有收到提交结果，订单可能已生成，请到「我的订单」查看',
  [PERHAPS_IN_CART]: '没有收到结果，商品可能已加入购物车，请先到购物车核对',
  [PERHAPS_SAVED]: '没有收到结果，地址可能已保存，请先核对地址列表',
  103: '请输入用户名',
  104: '请输入密码',
  106: '用户名或密码不正确',
  107: '登录人数较多，或登录失败次数过多，请稍后再试',
  208: '该用户不存在，请重新登录',
  403: '登录已过期，请重新登录',
  404: '您访问的内容不存在',
  10122: '收货地址填写不完整',
  10124: '收货地址填写有误',
  30101: '商品不存在或已下架',
  30102: '请求有误，请刷新页面后重试',
  30103: '购买数量超过库存或限购数量，请减少数量',
  30104: '当前登录的不是该用户，请重新登录',
  40050: '没有这种规格组合的商品，请选择其他规格',
  40200: '没有这一页商品',
  40300: '商品不存在或已下架',
  50000: '系统繁忙，请稍后重试',
  50100: '您还没有收货地址，请先添加',
  50101: '请求有误，请刷新页面后重试',
  50102: '收货地址无效，请重新选择',
  50103: '商品库存不足，请减少数量',
  50104: '当前下单人数较多，请稍后重试',
  50105: '尚未收到付款',
  50106: '购物车中没有选中的商品',
  50107: '订单不存在',
  50108: '订单状态已变化，不能进行此操作，请刷新查看',
  50109: '商品已下架，无法购买',
  50110: '购买数量不合法或超过限购数量，请修改数量',
  50111: '付款渠道暂不可用，请稍后重试',
  50112: '该订单已提交过，请在「我的订单」中查看',
  50113: '商品价格已变动，请确认新的金额',
  50114: '您的未付款订单过多，请先付款或取消部分订单，再下新单',
  50115: '订单结果未知，请到「我的订单」查看，请勿重复提交',
  50116: '订单金额为 0.00 元，无法付款，请联系商家',
  50118: '重新付款的次数已用完，请用上一次的设备付款，或取消订单后重新下单',
}

/** The texts that are used if the service names the goods with the code. */
const WORDS_OF_GOODS: Readonly<Record<number, string>> = {
  50114: '商品的未付款件数过多，请先付款或取消含有它的订单，再下新单',
}

/** Codes with which the service names a field of an address, and the labels of the fields. */
const NAMES_FIELD = [10122, 10124]
const FIELDS: Readonly<Record<string, string>> = {
  receiver_phone: '手机号码',
  receiver_mobile: '手机号码',
  receiver: '收货人',
  address: '详细地址',
  postcode: '邮政编码',
  tag: '标签',
  id: '该地址不存在',
}

/** A limit of the shop, for which the service's own text is best. */
const LIMIT = /最多\D*\d/

/** `商品[4]库存不足` names the goods by number; the text for buyers names them by name. */
const NUMBERED = /商品\[(\d+)\]/

/** A failed operation and its reason. */
export class ApiError extends Error {
  constructor(
    /** The service's code, or a code of these pages, which is negative. */
    readonly code: number,
    /** The service's text. */
    readonly said = '',
    /** The data of the response despite the error. */
    readonly data?: unknown,
  ) {
    super(said || `code ${String(code)}`)
    this.name = 'ApiError'
  }
}

/** A failed operation of the shop side; the service gives the reason as a text. */
export class AdminError extends Error {
  constructor(
    /** The HTTP status. */
    readonly status: number,
    readonly code: string,
    message: string,
  ) {
    super(message)
    this.name = 'AdminError'
  }
}

/** The text of an error for buyers. `nameOf` gives the name of a SKU. */
export function inWords(error: unknown, nameOf?: (sku: number) => string | undefined): string {
  if (error instanceof AdminError) return error.message
  if (!(error instanceof ApiError)) return '页面出错了，请刷新后重试'
  const words = WORDS[error.code]
  if (words === undefined) return error.said || `操作未完成（${String(error.code)}）`
  const ofGoods = WORDS_OF_GOODS[error.code]
  if (ofGoods === undefined && LIMIT.test(error.said)) return fullWidth(error.said)
  const field = NAMES_FIELD.includes(error.code) ? FIELDS[/\w+$/.exec(error.said)?.[0] ?? ''] : undefined
  if (field !== undefined) return `${words}：${field}`
  const sku = NUMBERED.exec(error.said)?.[1]
  if (sku === undefined) return words
  const name = nameOf?.(Number(sku))
  const about = ofGoods ?? words
  return name === undefined ? about : about.replace('商品', `「${name}」`)
}

/** Whether an error describes a lasting state, so that a retry does not help. */
export function isFinal(error: unknown): boolean {
  if (error instanceof AdminError) return error.status < 500
  return error instanceof ApiError && !mayPass(error)
}

/** Whether a retry may help. */
export function mayPass(error: unknown): boolean {
  const passing = [TIMED_OUT, OFFLINE, NONSENSE, 50000, 50104, 50105, 50111]
  return error instanceof ApiError && passing.includes(error.code)
}
