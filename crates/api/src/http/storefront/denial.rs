//! The codes of the shop around the orders. The twin of the table in docs/API.md.

use std::{borrow::Cow, fmt};

use actix_web::{HttpRequest, HttpResponse, Responder, ResponseError, body::BoxBody, http::StatusCode};
use application::{BrowseGoodsError, EditAddressesError, EditCartError, SignInError};
use domain::{AddressEntries, AddressRefusal, Cart, CartRefusal, NotAdmitted};
use ports::StoreError;
use serde::Serialize;

use crate::http::{answer::json, codes::log_failure};

/// A code that is not a success.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum DenialCode {
    /// Sign-in without a name.
    NoUsername = 103,
    /// Sign-in without a password.
    NoPassword = 104,
    /// Another name or password.
    WrongPassword = 106,
    /// Too many attempts failed, or too many are being checked.
    TooManyAttempts = 107,
    /// The token's user does not exist, or is not active.
    UnknownUser = 208,
    /// The password changed since the token was issued.
    NotSignedIn = 403,
    /// A field of an address is missing.
    FieldMissing = 10122,
    /// A field of an address is not valid, or the address is not there.
    FieldInvalid = 10124,
    /// No such SKU that can be bought, or no such line.
    UnknownSku = 30101,
    /// A parameter of the cart is missing or unreadable.
    BadParameter = 30102,
    /// More than there is, or than may be bought.
    OverStock = 30103,
    /// The path names somebody else.
    AnotherUser = 30104,
    /// No SKU has these values.
    NoSuchCombination = 40050,
    /// No such page.
    NoSuchPage = 40200,
    /// No such SKU to show.
    NoSuchSku = 40300,
    /// The path does not take this method.
    NoSuchMethod = 50101,
    /// Others hold the rows.
    Busy = 50104,
    /// Anything unforeseen.
    Unforeseen = 50000,
}

/// An outcome that is not a success, as it is told to the client.
#[derive(Debug)]
pub(super) struct Denial {
    code: DenialCode,
    text: Cow<'static, str>,
}

impl Denial {
    pub(super) fn new(code: DenialCode, text: impl Into<Cow<'static, str>>) -> Self {
        Self { code, text: text.into() }
    }

    fn answer(&self) -> HttpResponse {
        #[derive(Serialize)]
        struct Answer<'a> {
            code: i32,
            error: &'a str,
            /// As the contract of the orders has it for these two.
            #[serde(skip_serializing_if = "Option::is_none")]
            errmsg: Option<&'a str>,
        }

        let is_about_the_token = matches!(self.code, DenialCode::UnknownUser | DenialCode::NotSignedIn);
        let errmsg = is_about_the_token.then_some(&*self.text);
        json(&Answer { code: self.code as i32, error: &self.text, errmsg })
    }
}

/// With the code's own text.
impl From<DenialCode> for Denial {
    fn from(code: DenialCode) -> Self {
        let text = match code {
            DenialCode::NoUsername => "Please give me username",
            DenialCode::NoPassword => "Please give me password",
            DenialCode::WrongPassword => "username or password is wrong",
            DenialCode::TooManyAttempts => "too many attempts, please try again later",
            DenialCode::UnknownUser => "用户名不存在",
            DenialCode::NotSignedIn => "Please login",
            DenialCode::FieldMissing => "缺少参数",
            DenialCode::FieldInvalid => "参数无效",
            DenialCode::UnknownSku => "未找到商品",
            DenialCode::BadParameter => "传参不正确",
            DenialCode::OverStock => "购买数量超过库存",
            DenialCode::AnotherUser => "非登录者用户",
            DenialCode::NoSuchCombination => "没有这种规格的商品",
            DenialCode::NoSuchPage => "页数有误",
            DenialCode::NoSuchSku => "商品不存在",
            DenialCode::NoSuchMethod => "请求参数错误",
            DenialCode::Busy => "操作太快了,请稍后重试",
            DenialCode::Unforeseen => "系统错误",
        };
        Self::new(code, text)
    }
}

impl fmt::Display for Denial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.code as i32, self.text)
    }
}

impl ResponseError for Denial {
    fn status_code(&self) -> StatusCode {
        StatusCode::OK
    }

    fn error_response(&self) -> HttpResponse {
        self.answer()
    }
}

impl Responder for Denial {
    type Body = BoxBody;

    fn respond_to(self, _request: &HttpRequest) -> HttpResponse {
        self.answer()
    }
}

/// Whatever there is no code for: the cause goes to the log, once, and not into the answer.
fn unforeseen(error: &(dyn std::error::Error + 'static)) -> Denial {
    log_failure(error, "a request failed");
    DenialCode::Unforeseen.into()
}

fn store_failure(error: &StoreError) -> Denial {
    match error {
        StoreError::Busy(_) => DenialCode::Busy.into(),
        StoreError::Unavailable(_)
        | StoreError::OutcomeUnknown(_)
        | StoreError::Corrupt(_)
        | StoreError::Refused(_) => unforeseen(error),
    }
}

impl From<SignInError> for Denial {
    fn from(error: SignInError) -> Self {
        match error {
            SignInError::Wrong => DenialCode::WrongPassword.into(),
            SignInError::LockedOut | SignInError::Busy => DenialCode::TooManyAttempts.into(),
            SignInError::Passwords(error) => unforeseen(&error),
            SignInError::Cart(error) => error.into(),
            SignInError::Store(error) => store_failure(&error),
        }
    }
}

impl From<NotAdmitted> for Denial {
    fn from(refusal: NotAdmitted) -> Self {
        match refusal {
            NotAdmitted::UnknownUser => DenialCode::UnknownUser.into(),
            NotAdmitted::PasswordChanged => DenialCode::NotSignedIn.into(),
        }
    }
}

impl From<EditCartError> for Denial {
    fn from(error: EditCartError) -> Self {
        match error {
            EditCartError::NotAdmitted(refusal) => refusal.into(),
            EditCartError::Refused(refusal) => refusal.into(),
            EditCartError::Conflict => DenialCode::Busy.into(),
            EditCartError::Carts(error) => unforeseen(&error),
            EditCartError::Store(error) => store_failure(&error),
        }
    }
}

impl From<CartRefusal> for Denial {
    fn from(refusal: CartRefusal) -> Self {
        match refusal {
            CartRefusal::UnknownSku => DenialCode::UnknownSku.into(),
            CartRefusal::InvalidCount => DenialCode::BadParameter.into(),
            CartRefusal::StockShort => DenialCode::OverStock.into(),
            CartRefusal::OverLimit { most } => {
                Self::new(DenialCode::OverStock, format!("每种商品最多购买{most}件"))
            }
            CartRefusal::Full => {
                Self::new(DenialCode::BadParameter, format!("购物车最多{}种商品", Cart::MOST_LINES))
            }
        }
    }
}

impl From<EditAddressesError> for Denial {
    fn from(error: EditAddressesError) -> Self {
        match error {
            EditAddressesError::NotAdmitted(refusal) => refusal.into(),
            EditAddressesError::Refused(AddressRefusal::Unknown) => {
                Self::new(DenialCode::FieldInvalid, "收货地址无效: id")
            }
            EditAddressesError::Refused(AddressRefusal::Full) => {
                Self::new(DenialCode::FieldInvalid, format!("收货地址最多{}个", AddressEntries::MOST))
            }
            EditAddressesError::Conflict => DenialCode::Busy.into(),
            EditAddressesError::Store(error) => store_failure(&error),
        }
    }
}

impl From<BrowseGoodsError> for Denial {
    fn from(error: BrowseGoodsError) -> Self {
        match error {
            BrowseGoodsError::NoSuchPage => DenialCode::NoSuchPage.into(),
            BrowseGoodsError::UnknownSku => DenialCode::NoSuchSku.into(),
            BrowseGoodsError::NoSuchCombination => DenialCode::NoSuchCombination.into(),
            BrowseGoodsError::Store(error) => store_failure(&error),
        }
    }
}
