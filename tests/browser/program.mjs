/** The program under test, in a process and a directory of its own, on the embedded database or on this run's servers. */
import { execFileSync, spawn } from 'node:child_process'
import { createHmac } from 'node:crypto'
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'

const JWT_SECRET = 'a secret of the browser tests, long enough for HS256'

/** Where this process looks next. Each process begins elsewhere, so that two processes do not find the same free port. */
let next = process.pid * 61

/** A free port that outgoing connections do not get. */
async function freePort() {
  for (;;) {
    const port = 20000 + (next++ % 10000)
    const isFree = await new Promise((done) => {
      const probe = createServer()
      probe.once('error', () => done(false))
      probe.listen(port, '127.0.0.1', () => probe.close(() => done(true)))
    })
    if (isFree) return port
  }
}

/** The shop's data, new and empty, with a way to write to it directly. */
function data(directory) {
  const { DASHOP_TEST_MYSQL_URL: mysql, DASHOP_TEST_REDIS_URL: redis } = process.env
  if (!mysql || !redis) {
    const file = join(directory, 'shop.db')
    const sql = (statement) => execFileSync('sqlite3', ['-cmd', '.timeout 10000', file, statement])
    return { settings: { DASHOP_DATABASE_URL: `sqlite:${file}` }, sql }
  }
  const number = execFileSync('redis-cli', ['-u', redis, 'incr', 'tests'], { encoding: 'utf8' }).trim()
  const { hostname, port, username, password } = new URL(mysql)
  const login = [`--host=${hostname}`, `--port=${port}`, `--user=${username}`, `--password=${password}`]
  execFileSync('mariadb', ['--no-defaults', ...login, '--execute', `CREATE DATABASE shop${number}`])
  const settings = {
    DASHOP_DATABASE_URL: `${mysql}/shop${number}`,
    DASHOP_REDIS_URL: `${redis}/${number}`,
    DASHOP_MIGRATE_AT_START: 'true',
    DASHOP_SEED_DEMO: 'true',
    DASHOP_SANDBOX: 'true',
  }
  const sql = (statement) => execFileSync('mariadb', ['--no-defaults', ...login, `shop${number}`, '--execute', statement])
  return { settings, sql }
}

/** A JWT that the program accepts as its own. */
function jwt(claims) {
  const part = (value) => Buffer.from(JSON.stringify(value)).toString('base64url')
  const content = `${part({ alg: 'HS256', typ: 'JWT' })}.${part(claims)}`
  return `${content}.${createHmac('sha256', JWT_SECRET).update(content).digest('base64url')}`
}

/** Starts the demo shop with its sandbox, and waits until it serves. */
export async function startShop(settings = {}) {
  const directory = mkdtempSync(join(tmpdir(), 'dashop-browser-'))
  const [port, sandbox] = [await freePort(), await freePort()]
  const url = `http://127.0.0.1:${port}`
  const { settings: ownData, sql } = data(directory)
  const environment = {
    PATH: process.env.PATH,
    DASHOP_LISTEN: `127.0.0.1:${port}`,
    DASHOP_SANDBOX_LISTEN: `127.0.0.1:${sandbox}`,
    DASHOP_JWT_SECRET: JWT_SECRET,
    DASHOP_STAFF_SECRET: `the staff's: ${JWT_SECRET}`,
    DASHOP_DATA_DIR: directory,
    ...ownData,
    ...settings,
  }
  const log = join(directory, 'log')
  const file = openSync(log, 'a')
  const program = process.env.DASHOP_BIN
  const child = spawn(program, ['serve'], { cwd: directory, env: environment, stdio: ['ignore', file, file] })
  closeSync(file)
  const ended = new Promise((done) => child.once('exit', done))

  for (const deadline = Date.now() + 60_000; ; await pause(20)) {
    if (child.exitCode !== null || Date.now() > deadline) {
      child.kill('SIGKILL')
      throw new Error(`the program did not start:\n${readFileSync(log, 'utf8')}`)
    }
    if (await fetch(`${url}/readyz`).then((answer) => answer.ok, () => false)) break
  }

  /** A token of this buyer that is valid for this many seconds; a negative number makes an expired one. */
  const token = (username, seconds) => jwt({ username, exp: Math.floor(Date.now() / 1000) + seconds })
  /** The answer of the order interface to a buyer's request. */
  const asked = async (username, query) => {
    const answer = await fetch(`${url}/v1/orders/processing/?${query}`, { headers: { authorization: token(username, 60) } })
    const { code, errmsg, data: told } = await answer.json()
    if (code !== 200) throw new Error(`${query}: ${code} ${errmsg}`)
    return told
  }

  return {
    url,
    token,
    /** The numbers of all orders of this buyer. */
    async orders(username) {
      const numbers = []
      for (let page = ''; ; ) {
        const { orders_list: orders, next } = await asked(username, `status=1&order_status=0&limit=200${page}`)
        numbers.push(...orders.map((order) => order.order_id))
        if (next === null) return numbers
        page = `&before=${next}`
      }
    },
    /** Lets the deadline of this buyer's order pass, and waits until the shop has cancelled it. */
    async expire(username, number) {
      const past = '2020-01-01 00:00:00'
      sql(`UPDATE tb_order_info SET expire_at = '${past}', due_at = '${past}' WHERE order_id = '${number}'`)
      for (const deadline = Date.now() + 60_000; ; await pause(20)) {
        const { order } = await asked(username, `status=3&order_id=${number}`)
        if (order.status === 5) return
        if (Date.now() > deadline) throw new Error(`order ${number} is still ${order.status_text}`)
      }
    },
    /** Sets the payment deadline of this order to so many seconds from now. */
    expireIn(number, seconds) {
      const then = new Date(Date.now() + (8 * 3600 + seconds) * 1000).toISOString().replace('T', ' ').slice(0, 19)
      sql(`UPDATE tb_order_info SET expire_at = '${then}', due_at = '${then}' WHERE order_id = '${number}'`)
    },
    /** Takes goods off the shelf. */
    takeOffShelf: (sku) => sql(`UPDATE DDSC_SKU SET is_launched = 0 WHERE id = ${sku}`),
    /** Deletes goods that were never ordered. */
    remove: (sku) => sql(`DELETE FROM DDSC_SALE_ATTR_VALUE WHERE sku_id = ${sku}; DELETE FROM DDSC_SKU WHERE id = ${sku}`),
    /** Sets how many pieces there are. */
    stock: (sku, pieces) => sql(`UPDATE DDSC_SKU SET stock = ${pieces} WHERE id = ${sku}`),
    /** The buyer's cart, after an optional change. */
    async cart(username, method = 'GET', body = undefined) {
      const headers = { authorization: token(username, 60) }
      const answer = await fetch(`${url}/v1/carts/${username}`, { method, headers, body: body && JSON.stringify(body) })
      const { code, error, data: lines } = await answer.json()
      if (code !== 200) throw new Error(`${method} ${JSON.stringify(body)}: ${code} ${error}`)
      return lines
    },
    /** Begins to pay this buyer's order on another device, `pc` or `wap`. */
    async pay(username, number, device) {
      const headers = { authorization: token(username, 60), 'content-type': 'application/json' }
      const body = JSON.stringify({ status: 1, order_id: number, device })
      const { code, errmsg } = await (await fetch(`${url}/v1/orders/processing/`, { method: 'POST', headers, body })).json()
      if (code !== 200) throw new Error(`${number}: ${code} ${errmsg}`)
    },
    /** Renames goods. */
    rename: (sku, name, caption) => sql(`UPDATE DDSC_SKU SET name = '${name}', caption = '${caption}' WHERE id = ${sku}`),
    /** Records a payment with a wrong amount, which only an error of Alipay's or fraud could cause. */
    payWrongly: (number, tradeNo, amount) =>
      sql(`INSERT INTO dashop_payment (trade_no, out_trade_no, trade_status, total_amount, refunded, paid_at, status, source, recorded_at)
        SELECT '${tradeNo}', order_id, 'TRADE_SUCCESS', '${amount}', '0.00', created_time, 'wrong_amount', 'query', created_time
        FROM tb_order_info WHERE order_id = '${number}'`),
    /** Makes a webhook endpoint look as if it had been failing for so many hours. */
    failFor(endpoint, hours) {
      const since = new Date(Date.now() + (8 - hours) * 3600_000).toISOString().replace('T', ' ').slice(0, 23)
      sql(`UPDATE dashop_webhook_endpoint SET failing_since = '${since}000' WHERE name = '${endpoint}'`)
    },
    /** Alipay's records of an order's trades. */
    trades: async (number) => (await fetch(`http://127.0.0.1:${sandbox}/control/trades?out_trade_no=${number}`)).json(),
    /** A token of the staff. */
    staffToken: () => execFileSync(program, ['token', '--staff', '店长'], { cwd: directory, env: environment, encoding: 'utf8' }).trim(),
    /** The link to the staff pages that the program has printed; it works once. */
    staffLink: () => /\/admin\.html#code=\w+/.exec(readFileSync(log, 'utf8'))[0],
    /** Adds so many completed orders of the first demo buyer, the newest one second old. */
    addOrders(count) {
      // One reading for all rows: with two, two rows could get the same second, and so the same number.
      const now = Date.now()
      const row = (age) => {
        const time = new Date(now + 8 * 3600_000 - age * 1000).toISOString().replace('T', ' ').slice(0, 19)
        return `('${time.replace(/\D/g, '')}01', '${time}', '${time}', 1, '10.00', '10.00', 1, 4, 1, 1)`
      }
      const rows = Array.from({ length: count }, (_, place) => row(place + 1))
      sql(`INSERT INTO tb_order_info (order_id, created_time, updated_time, total_count, total_amount, freight, pay_method, status, address_id, user_id)
        VALUES ${rows.join(', ')}`)
    },
    /** Runs a subcommand until it ends. */
    run: (...given) => execFileSync(program, given, { cwd: directory, env: environment, encoding: 'utf8' }),
    /** The program's output, for failed tests. */
    log: () => readFileSync(log, 'utf8'),
    async stop() {
      child.kill('SIGKILL')
      await ended
      rmSync(directory, { recursive: true, force: true })
    },
  }
}
