import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

import { expect, it } from 'vitest'

import { fullWidth } from './words'

it.each([
  ['超过支付期限,自动取消', '超过支付期限，自动取消'],
  ['订单状态不允许此操作:已取消', '订单状态不允许此操作：已取消'],
  ['请求参数错误:status', '请求参数错误：status'],
  ['参数无效: 收货人!', '参数无效：收货人！'],
  ['ACQ.TRADE_NOT_EXIST: 交易不存在', 'ACQ.TRADE_NOT_EXIST：交易不存在'],
  ['at 10:00, a:b', 'at 10:00, a:b'],
  ['', ''],
])('%s reads %s', (text, words) => {
  expect(fullWidth(text)).toBe(words)
})

/** The source files of the pages, without tests. */
function sources(): [string, string][] {
  const root = join(import.meta.dirname, '../..')
  const pages = readdirSync(root).filter((name) => name.endsWith('.html'))
  const modules = readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' }).map((name) => join('src', name))
  const names = [...pages, ...modules].filter((name) => /\.(?:html|vue|ts)$/.test(name) && !name.endsWith('.test.ts'))
  return names.map((name) => [name, readFileSync(join(root, name), 'utf8')])
}

it.each([
  ['付款, not 支付', /支付(?!宝|成功')/],
  ['账号, not 账户', /账户|帐号|帐户/],
  ['no promise that no function keeps', /正品保障|七天无理由|每天上新|快速发货|结算给商家/],
  ['no arrival that nobody knows of', /到账/],
  ['no half-width punctuation beside Chinese', /\p{Script=Han}[,:;!?]|[,:;!?]\p{Script=Han}/u],
])('the pages say %s', (_rule, wrong) => {
  expect(sources().length).toBeGreaterThan(50)
  expect(sources().filter(([, text]) => wrong.test(text)).map(([name, text]) => `${name}: ${wrong.exec(text)?.[0] ?? ''}`)).toEqual([])
})
