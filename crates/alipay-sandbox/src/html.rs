/// Escapes text for a page, so that it never becomes markup.
pub(crate) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            other => escaped.push(other),
        }
    }
    escaped
}

/// A page of the cashier around `main`, which must be escaped already.
pub(crate) fn page(title: &str, main: &str) -> String {
    frame(title, "收银台", "", main)
}

/// A page of the cashier for a phone: as wide as the screen, with the buttons at the bottom.
pub(crate) fn phone_page(title: &str, main: &str) -> String {
    frame(title, "收银台", "phone", main)
}

/// A page for a frame of about 220 pixels, without header and footer.
pub(crate) fn framed_page(title: &str, main: &str) -> String {
    frame(title, "扫码付款", "framed", main)
}

/// A page with room for a table.
pub(crate) fn wide_page(title: &str, main: &str) -> String {
    frame(title, title, "wide", main)
}

fn frame(title: &str, heading: &str, class: &str, main: &str) -> String {
    let (title, heading) = (escape(title), escape(heading));
    format!(
        r#"<!doctype html>
<html lang="zh-CN">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title} - 支付宝沙箱</title>
<style>{STYLE}</style>
</head>
<body class="{class}">
<header><div class="bar"><span class="mark">支</span><b>{heading}</b><span class="tag">沙箱环境</span></div></header>
<main>{main}</main>
<footer>沙箱环境，不会发生真实扣款</footer>
</body>
</html>
"#
    )
}

/// The style sheet of all pages, which load nothing else.
const STYLE: &str = "
*{box-sizing:border-box}
body{margin:0;background:#f4f6f9;color:#1f2937;font:16px/1.6 system-ui,'PingFang SC','Microsoft YaHei','Noto Sans CJK SC',sans-serif}
header{background:#fff;border-bottom:1px solid #e6eaf0}
.bar{max-width:560px;margin:0 auto;padding:14px 20px;display:flex;align-items:center;gap:10px}
.mark{width:32px;height:32px;border-radius:8px;background:#1677ff;color:#fff;display:grid;place-items:center;font-weight:700}
.tag{margin-left:auto;font-size:13px;color:#ad6800;background:#fff7e6;border:1px solid #ffd591;border-radius:4px;padding:0 8px}
main{max-width:560px;margin:28px auto;padding:0 16px}
.card{background:#fff;border-radius:12px;padding:28px 24px;box-shadow:0 1px 3px rgba(15,35,70,.08)}
h1{font-size:18px;font-weight:600;margin:0 0 4px;text-align:center}
.amount{font-size:40px;font-weight:700;text-align:center;margin:0 0 20px;font-variant-numeric:tabular-nums}
.amount small{font-size:22px;margin-right:4px}
dl{margin:0 0 24px;border-top:1px solid #eef1f5;padding-top:14px}
dl div{display:flex;gap:16px;padding:5px 0}
dt{flex:0 0 5em;color:#6b7280}
dd{margin:0;flex:1;text-align:right;overflow-wrap:anywhere}
button,.button{display:block;width:100%;padding:13px;border-radius:8px;border:1px solid transparent;font:inherit;font-weight:600;text-align:center;text-decoration:none;cursor:pointer}
.primary{background:#1677ff;color:#fff}
.primary:hover{background:#0958d9}
.plain{background:#fff;color:#4b5563;border-color:#d5dbe3;margin-top:12px}
.plain:hover{border-color:#1677ff;color:#0958d9}
button:focus-visible,.button:focus-visible{outline:3px solid #91caff;outline-offset:2px}
.note{text-align:center;color:#6b7280;margin:0 0 20px;overflow-wrap:anywhere}
.code{font-family:ui-monospace,monospace;font-size:13px;color:#6b7280;text-align:center;overflow-wrap:anywhere;margin:0 0 20px}
.phone main{margin:0 auto;padding:0}
.phone .card{border-radius:0;box-shadow:none;min-height:calc(100dvh - 62px);display:flex;flex-direction:column;padding:24px 16px}
.phone dl{flex:1}
.phone button{min-height:52px;border-radius:26px}
.phone footer{display:none}
.framed header,.framed footer{display:none}
.framed main{margin:0;padding:12px}
.wide .bar,.wide main{max-width:1080px}
.scroll{overflow-x:auto}
table{width:100%;border-collapse:collapse;font-size:14px}
th,td{padding:8px 10px;text-align:left;vertical-align:top;border-bottom:1px solid #eef1f5}
th{color:#6b7280;font-weight:500;white-space:nowrap}
.number{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}
footer{text-align:center;color:#6b7280;font-size:13px;padding:0 16px 28px}
";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_becomes_markup() {
        assert_eq!(
            escape(r#"<img src=x onerror='alert("1")'>&amp;"#),
            "&lt;img src=x onerror=&#39;alert(&quot;1&quot;)&#39;&gt;&amp;amp;"
        );
    }
}
