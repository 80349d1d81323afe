use alipay_protocol::Params;
use base64::{Engine as _, engine::general_purpose::STANDARD};

use super::{biz_content::BizContent, node::Node};
use crate::{app::App, failure::Failure};

/// `alipay.open.app.alipaycert.download`: base64 of PEM, the certificate first, then its issuer.
pub(crate) fn download(app: &App, params: &Params) -> Result<Node, Failure> {
    let sn = BizContent::read(params)?.required_text("alipay_cert_sn", 32)?;
    let pem = app.signing.issued(&sn).ok_or(Failure::AlipayCertNotExist)?;
    Ok(Node::success().with("alipay_cert_content", STANDARD.encode(pem)))
}
