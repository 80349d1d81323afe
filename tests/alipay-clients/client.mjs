// npm alipay-sdk against alipay-sandbox, in key mode or certificate mode: pays on a PC and on a phone, queries, verifies, closes, refunds and reads
// the bill.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import http from 'node:http';
import { generateKeyPairSync } from 'node:crypto';
import { inflateRawSync } from 'node:zlib';
import { AlipaySdk } from 'alipay-sdk';

const { ALIPAY_GATEWAY: gateway, ALIPAY_KEYS: keys, ALIPAY_APP_ID: appId, ALIPAY_MODE: mode } = process.env;
const read = (name) => readFileSync(`${keys}/${name}`, 'utf8');
const key = (name) => read(`${name}.pem`);
const certificateMode = mode === 'certificates';

// The settings that give the SDK Alipay's key.
const alipaysKey = certificateMode
  ? {
      appCertContent: read(`appCertPublicKey_${appId}.crt`),
      alipayPublicCertContent: read('alipayCertPublicKey_RSA2.crt'),
      alipayRootCertContent: read('alipayRootCert.crt'),
    }
  : { alipayPublicKey: key('alipay_public_key') };

const client = (privateKey) =>
  new AlipaySdk({
    appId,
    privateKey,
    keyType: 'PKCS8',
    ...alipaysKey,
    gateway,
  });
const sdk = client(key('app_private_key'));

// Plays the shop: receives notifications.
const notifications = [];
const shop = http.createServer(async (request, response) => {
  let body = '';
  for await (const chunk of request) body += chunk;
  notifications.push(Object.fromEntries(new URLSearchParams(body)));
  shop.emit('notification');
  response.end('success');
});
shop.listen(0, '127.0.0.1');
await once(shop, 'listening');
const notifyUrl = `http://127.0.0.1:${shop.address().port}/notify`;
const returnUrl = 'http://shop.example/return?from=alipay&a=1%2B2';

async function notification(matches) {
  const deadline = AbortSignal.timeout(20_000);
  for (;;) {
    const found = notifications.find(matches);
    if (found) return found;
    await once(shop, 'notification', { signal: deadline });
  }
}

let failures = 0;
async function check(name, run) {
  try {
    await run();
    console.log(`ok - node: ${name}`);
  } catch (error) {
    failures += 1;
    console.log(`not ok - node: ${name}: ${error.stack}`);
  }
}

const order = (suffix) => `NODE_${process.pid}_${suffix}`;
const subject = '测试订单 T恤 "A" <b>100</b>';
const terms = (outTradeNo) => ({
  notifyUrl,
  returnUrl,
  bizContent: {
    out_trade_no: outTradeNo,
    total_amount: '88.80',
    subject,
    body: '两件',
    product_code: 'FAST_INSTANT_TRADE_PAY',
    timeout_express: '30m',
    passback_params: 'a%3D1%26b%3D2',
  },
});
const call = (method, bizContent) => sdk.exec(method, { bizContent }, { validateSign: true });

// Does what a browser does on the cashier page: submits a form.
async function press(page, action) {
  const form = page.split(`action="${action}"`)[1];
  assert.ok(form, page);
  const tradeNo = /name="trade_no" value="(\d+)"/.exec(form)[1];
  const answer = await fetch(new URL(action, gateway), {
    method: 'POST',
    body: new URLSearchParams({ trade_no: tradeNo }),
    redirect: 'manual',
  });
  assert.equal(answer.status, 303);
  return new URL(answer.headers.get('location'));
}

function verifyReturn(url) {
  const params = Object.fromEntries(url.searchParams);
  assert.deepEqual([params.from, params.a], ['alipay', '1+2']);
  delete params.from;
  delete params.a;
  assert.equal(sdk.checkNotifySignV2(params), true);
  assert.equal(sdk.checkNotifySignV2({ ...params, total_amount: '0.01' }), false);
  return params;
}

const visit = async (url) => (await fetch(url)).text();

await check('a trade that nobody has come to does not exist', async () => {
  const answer = await call('alipay.trade.query', { out_trade_no: order('get') });
  assert.deepEqual([answer.code, answer.subCode], ['40004', 'ACQ.TRADE_NOT_EXIST']);
});

await check('pays by GET, returns, and is notified', async () => {
  const page = await visit(sdk.pageExecute('alipay.trade.page.pay', 'GET', terms(order('get'))));
  assert.ok(page.includes('&lt;b&gt;100&lt;/b&gt;') && page.includes('88.80'), page);
  const back = verifyReturn(await press(page, '/cashier/pay'));
  assert.equal(back.out_trade_no, order('get'));
  const told = await notification((one) => one.out_trade_no === order('get'));
  assert.equal(sdk.checkNotifySignV2({ ...told }), true);
  const { passback_params: left, ...without } = told;
  assert.equal(sdk.checkNotifySignV2(without), false);
  assert.equal(sdk.checkNotifySignV2({ ...told, total_amount: '0.01' }), false);
  assert.deepEqual(
    [told.trade_status, told.total_amount, told.subject, left],
    ['TRADE_SUCCESS', '88.80', subject, 'a%3D1%26b%3D2'],
  );
});

await check('queries what was paid', async () => {
  const answer = await call('alipay.trade.query', { out_trade_no: order('get') });
  assert.deepEqual([answer.code, answer.tradeStatus, answer.totalAmount], ['10000', 'TRADE_SUCCESS', '88.80']);
  const again = await call('alipay.trade.query', { trade_no: answer.tradeNo });
  assert.equal(again.outTradeNo, order('get'));
});

await check('a paid trade cannot be paid or closed', async () => {
  const page = await visit(sdk.pageExecute('alipay.trade.page.pay', 'GET', terms(order('get'))));
  assert.ok(page.includes('ACQ.TRADE_HAS_SUCCESS'), page);
  const answer = await call('alipay.trade.close', { out_trade_no: order('get') });
  assert.equal(answer.subCode, 'ACQ.TRADE_STATUS_ERROR');
});

await check('pays by a POST form', async () => {
  const html = sdk.pageExecute('alipay.trade.page.pay', 'POST', terms(order('post')));
  const body = new URLSearchParams();
  for (const [, name, value] of html.matchAll(/<input type="hidden" name="([^"]+)" value="([^"]*)"/g)) {
    body.set(name, value.replaceAll('&quot;', '"'));
  }
  const page = await (await fetch(/action="([^"]+)"/.exec(html)[1], { method: 'POST', body })).text();
  verifyReturn(await press(page, '/cashier/pay'));
  await notification((one) => one.out_trade_no === order('post'));
});

await check('cancels, and closes what was not paid', async () => {
  const page = await visit(sdk.pageExecute('alipay.trade.page.pay', 'GET', terms(order('close'))));
  verifyReturn(await press(page, '/cashier/cancel'));
  const closed = await call('alipay.trade.close', { out_trade_no: order('close') });
  assert.deepEqual([closed.code, closed.outTradeNo], ['10000', order('close')]);
  const query = await call('alipay.trade.query', { out_trade_no: order('close') });
  assert.equal(query.tradeStatus, 'TRADE_CLOSED');
  const again = await call('alipay.trade.close', { out_trade_no: order('close') });
  assert.equal(again.subCode, 'ACQ.REASON_TRADE_STATUS_INVALID');
  const late = await visit(sdk.pageExecute('alipay.trade.page.pay', 'GET', terms(order('close'))));
  assert.ok(late.includes('ACQ.TRADE_HAS_CLOSE'), late);
});

const quitUrl = 'http://shop.example/order?order_id=1';
const wapTerms = (outTradeNo) => {
  const { bizContent, ...urls } = terms(outTradeNo);
  return { ...urls, bizContent: { ...bizContent, product_code: 'QUICK_WAP_WAY', quit_url: quitUrl } };
};

await check('pays on a phone by GET and by a POST form, returns, and is notified', async () => {
  const form = sdk.pageExecute('alipay.trade.wap.pay', 'POST', wapTerms(order('wap_post')));
  const body = new URLSearchParams();
  for (const [, name, value] of form.matchAll(/<input type="hidden" name="([^"]+)" value="([^"]*)"/g)) {
    body.set(name, value.replaceAll('&quot;', '"'));
  }
  for (const [number, page] of [
    ['wap_get', await visit(sdk.pageExecute('alipay.trade.wap.pay', 'GET', wapTerms(order('wap_get'))))],
    ['wap_post', await (await fetch(/action="([^"]+)"/.exec(form)[1], { method: 'POST', body })).text()],
  ]) {
    assert.ok(page.includes('<body class="phone">') && page.includes('88.80'), page);
    const back = verifyReturn(await press(page, '/cashier/pay'));
    assert.deepEqual([back.out_trade_no, back.method], [order(number), 'alipay.trade.wap.pay.return']);
    const told = await notification((one) => one.out_trade_no === order(number));
    assert.equal(sdk.checkNotifySignV2({ ...told }), true);
    assert.deepEqual([told.trade_status, told.total_amount], ['TRADE_SUCCESS', '88.80']);
    const answer = await call('alipay.trade.query', { out_trade_no: order(number) });
    assert.equal(answer.tradeStatus, 'TRADE_SUCCESS');
  }
});

await check('a phone that turns back goes to quit_url, and its trade is closed', async () => {
  const page = await visit(sdk.pageExecute('alipay.trade.wap.pay', 'GET', wapTerms(order('wap_quit'))));
  assert.equal((await press(page, '/cashier/cancel')).href, quitUrl);
  assert.equal((await call('alipay.trade.close', { out_trade_no: order('wap_quit') })).code, '10000');
  const late = await visit(sdk.pageExecute('alipay.trade.wap.pay', 'GET', wapTerms(order('wap_quit'))));
  assert.ok(late.includes('ACQ.TRADE_HAS_CLOSE'), late);
});

await check('what a PC has opened is not continued on a phone', async () => {
  await visit(sdk.pageExecute('alipay.trade.page.pay', 'GET', terms(order('both'))));
  const page = await visit(sdk.pageExecute('alipay.trade.wap.pay', 'GET', wapTerms(order('both'))));
  assert.ok(page.includes('ACQ.CONTEXT_INCONSISTENT'), page);
});

const refund = (amount, number, of = 'get') =>
  call('alipay.trade.refund', {
    out_trade_no: order(of),
    refund_amount: amount,
    out_request_no: order(number),
    refund_reason: '退货',
  });

await check('refunds a part, once', async () => {
  const first = await refund('30.00', 'r1');
  assert.deepEqual([first.code, first.fundChange, first.refundFee], ['10000', 'Y', '30.00']);
  const again = await refund('30.00', 'r1');
  assert.deepEqual([again.code, again.fundChange, again.refundFee], ['10000', 'N', '30.00']);
  assert.equal((await refund('58.81', 'r2')).subCode, 'ACQ.REASON_TRADE_REFUND_FEE_ERR');
  assert.equal((await refund('30.01', 'r1')).subCode, 'ACQ.DISCORDANT_REPEAT_REQUEST');
  const told = await notification((one) => one.out_biz_no === order('r1'));
  assert.equal(sdk.checkNotifySignV2({ ...told }), true);
  assert.deepEqual([told.trade_status, told.refund_fee], ['TRADE_SUCCESS', '30.00']);
});

await check('asks what became of a refund', async () => {
  const ask = (number) =>
    call('alipay.trade.fastpay.refund.query', { out_trade_no: order('get'), out_request_no: order(number) });
  const done = await ask('r1');
  assert.deepEqual([done.refundStatus, done.refundAmount], ['REFUND_SUCCESS', '30.00']);
  const none = await ask('r9');
  assert.deepEqual([none.code, none.refundStatus], ['10000', undefined]);
});

await check('refunds the rest, which closes the trade', async () => {
  assert.equal((await refund('58.80', 'r3')).refundFee, '88.80');
  const told = await notification((one) => one.out_biz_no === order('r3'));
  assert.equal(sdk.checkNotifySignV2({ ...told }), true);
  assert.equal(sdk.checkNotifySignV2({ ...told, refund_fee: '0.01' }), false);
  assert.deepEqual([told.trade_status, told.refund_fee], ['TRADE_CLOSED', '88.80']);
});

await check('refunds what was paid on a phone', async () => {
  assert.equal((await refund('88.80', 'wap', 'wap_get')).refundFee, '88.80');
  const told = await notification((one) => one.out_biz_no === order('wap'));
  assert.equal(sdk.checkNotifySignV2({ ...told }), true);
});

await check('refunds the whole at once, and no more', async () => {
  const whole = await refund('88.80', 'whole', 'post');
  assert.deepEqual([whole.code, whole.fundChange, whole.refundFee], ['10000', 'Y', '88.80']);
  const again = await refund('88.80', 'whole', 'post');
  assert.deepEqual([again.code, again.fundChange], ['10000', 'N']);
  assert.equal((await refund('0.01', 'more', 'post')).subCode, 'ACQ.TRADE_STATUS_ERROR');
  const told = await notification((one) => one.out_biz_no === order('whole'));
  assert.equal(sdk.checkNotifySignV2({ ...told }), true);
  assert.deepEqual([told.trade_status, told.refund_fee], ['TRADE_CLOSED', '88.80']);
});

// The files of a zip: their names and texts, decoded from GBK.
function unpack(zip) {
  const gbk = (bytes) => new TextDecoder('gbk', { fatal: true }).decode(bytes);
  const end = zip.lastIndexOf(Buffer.from('PK\x05\x06'));
  const files = new Map();
  let at = zip.readUInt32LE(end + 16);
  for (let left = zip.readUInt16LE(end + 10); left > 0; left -= 1) {
    const lengths = [28, 30, 32].map((field) => zip.readUInt16LE(at + field));
    const name = gbk(zip.subarray(at + 46, at + 46 + lengths[0]));
    const local = zip.readUInt32LE(at + 42);
    const data = local + 30 + zip.readUInt16LE(local + 26) + zip.readUInt16LE(local + 28);
    files.set(name, gbk(inflateRawSync(zip.subarray(data, data + zip.readUInt32LE(at + 20)))));
    at += 46 + lengths[0] + lengths[1] + lengths[2];
  }
  return files;
}

await check('downloads the bill of a day', async () => {
  const ask = (date) =>
    call('alipay.data.dataservice.bill.downloadurl.query', { bill_type: 'trade', bill_date: date });
  const { sendPayDate } = await call('alipay.trade.query', { out_trade_no: order('post') });
  const { billDownloadUrl } = await ask(sendPayDate.slice(0, 10));
  const answer = await fetch(billDownloadUrl);
  assert.equal(answer.status, 200);
  const files = unpack(Buffer.from(await answer.arrayBuffer()));
  const detail = [...files].find(([name]) => /业务明细\.csv$/.test(name))[1];
  assert.ok([...files.keys()].some((name) => name.includes('汇总')), [...files.keys()].join());
  const rows = detail.split('\r\n').filter((line) => line.includes(order('post')));
  assert.ok(/,交易 *,/.test(rows[0]) && rows[0].includes(',88.80,88.80,'), detail);
  // A refund after midnight is on the next day's bill.
  assert.ok(rows.length === 1 || (rows[1].includes(',-88.80,') && rows[1].includes(order('whole'))), detail);
  assert.equal((await ask('2019-01-01')).subCode, 'NO_BILL_DATA');
  assert.equal((await ask('2100-01-01')).subCode, 'BILL_NOT_EXIST');
});

if (certificateMode) {
  await check('downloads Alipay\'s certificate, with its issuer', async () => {
    const ask = (sn) => call('alipay.open.app.alipaycert.download', { alipay_cert_sn: sn });
    const answer = await ask(sdk.config.alipayCertSn);
    assert.equal(Buffer.from(answer.alipayCertContent, 'base64').toString(), read('alipayCertPublicKey_RSA2.crt'));
    assert.equal((await ask('0123456789abcdef0123456789abcdef')).subCode, 'isv.alipay-cert-not-exist');
  });

  await check('answers after a renewal with the same key verify', async () => {
    const renewed = await fetch(new URL('/control/key', gateway), {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{"new_key":false}',
    });
    const { alipay_cert_sn: sn } = await renewed.json();
    assert.match(sn, /^[0-9a-f]{32}$/);
    const answer = await call('alipay.trade.query', { out_trade_no: order('get') });
    assert.equal(answer.tradeStatus, 'TRADE_CLOSED');
    const { alipayCertContent } = await call('alipay.open.app.alipaycert.download', { alipay_cert_sn: sn });
    assert.match(Buffer.from(alipayCertContent, 'base64').toString(), /^-----BEGIN CERTIFICATE-----/);
  });
}

await check('a signature by another key is refused', async () => {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const stranger = client(privateKey.export({ type: 'pkcs8', format: 'pem' }));
  const answer = await stranger.exec(
    'alipay.trade.query',
    { bizContent: { out_trade_no: order('get') } },
    { validateSign: true },
  );
  assert.deepEqual([answer.code, answer.subCode], ['40002', 'isv.invalid-signature']);
  const page = await visit(stranger.pageExecute('alipay.trade.page.pay', 'GET', terms(order('forged'))));
  assert.ok(page.includes('isv.invalid-signature') && !page.includes('/cashier/pay'), page);
});

shop.close();
shop.closeAllConnections();
process.exitCode = failures === 0 ? 0 : 1;
