//! The codes for sign-in, goods, carts and addresses. docs/API.md has the same table.

use std::{borrow::Cow, fmt};

use actix_web::{HttpResponse, ResponseError, http::StatusCode};
use application::{BrowseGoodsError, ShoppingError, SignInError};
use domain::{AddressEntries, AddressRefusal, Cart, CartRefusal, NotAdmitted};
use ports::{PasswordError, StoreError};
use serde::Serialize;

use crate::http::{
    answer::json,
    codes::log_failure,
    observe::{AnsweredCode, answered},
};

/// A code that means failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum StorefrontCode {
    /// Sign-in without a name.
    NoUsername = 103,
    /// Sign-in without a password.
    NoPassword = 104,
    /// Wrong name or password.
    WrongPassword = 106,
    /// Too many attempts failed, or too many passwords are being checked.
    TooManyAttempts = 107,
    /// The token's user does not exist, or is not active.
    UnknownUser = 208,
    /// The password changed since the token was issued.
    NotSignedIn = 403,
    /// A field of an address is missing.
    FieldMissing = 10122,
    /// A field of an address is invalid, or the address does not exist.
    FieldInvalid = 10124,
    /// No such SKU on sale, or no such cart line.
    UnknownSku = 30101,
    /// A parameter of the cart is missing or unreadable.
    BadParameter = 30102,
    /// More pieces than are in stock or than may be bought.
    OverStock = 30103,
    /// The path names another user.
    AnotherUser = 30104,
    /// No SKU has these values.
    NoSuchCombination = 40050,
    /// No such page.
    NoSuchPage = 40200,
    /// No such SKU.
    NoSuchSku = 40300,
    /// The path does not take this method.
    NoSuchMethod = 50101,
    /// Other transactions hold the rows.
    Busy = 50104,
    /// Any other failure.
    Unforeseen = 50000,
}

/// An outcome that is not a success, in the format of the response.
#[derive(Debug, Clone)]
pub(super) struct StorefrontError {
    code: StorefrontCode,
    text: Cow<'static, str>,
}

impl StorefrontError {
    pub(super) fn new(code: StorefrontCode, text: impl Into<Cow<'static, str>>) -> Self {
        Self { code, text: text.into() }
    }
}

/// The failure with the code's standard text.
impl From<StorefrontCode> for StorefrontError {
    fn from(code: StorefrontCode) -> Self {
        let text = match code {
            StorefrontCode::NoUsername => "Please give me username",
            StorefrontCode::NoPassword => "Please give me password",
            StorefrontCode::WrongPassword => "username or password is wrong",
            StorefrontCode::TooManyAttempts => "too many attempts, please try again later",
            StorefrontCode::UnknownUser => "用户名不存在",
            StorefrontCode::NotSignedIn => "Please login",
            StorefrontCode::FieldMissing => "缺少参数",
            StorefrontCode::FieldInvalid => "参数无效",
            StorefrontCode::UnknownSku => "未找到商品",
            StorefrontCode::BadParameter => "传参不正确",
            StorefrontCode::OverStock => "购买数量超过库存",
            StorefrontCode::AnotherUser => "非登录者用户",
            StorefrontCode::NoSuchCombination => "没有这种规格的商品",
            StorefrontCode::NoSuchPage => "页数有误",
            StorefrontCode::NoSuchSku => "商品不存在",
            StorefrontCode::NoSuchMethod => "请求参数错误",
            StorefrontCode::Busy => "操作太快了,请稍后重试",
            StorefrontCode::Unforeseen => "系统错误",
        };
        Self::new(code, text)
    }
}

impl fmt::Display for StorefrontError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.code as i32, self.text)
    }
}

impl ResponseError for StorefrontError {
    fn status_code(&self) -> StatusCode {
        StatusCode::OK
    }

    fn error_response(&self) -> HttpResponse {
        #[derive(Serialize)]
        struct Answer<'a> {
            code: i32,
            error: &'a str,
            /// The same text, as the contract of the orders has it for these two codes.
            #[serde(skip_serializing_if = "Option::is_none")]
            errmsg: Option<&'a str>,
        }

        let is_about_the_token =
            matches!(self.code, StorefrontCode::UnknownUser | StorefrontCode::NotSignedIn);
        let errmsg = is_about_the_token.then_some(&*self.text);
        answered(AnsweredCode::Number(self.code as i32));
        json(&Answer { code: self.code as i32, error: &self.text, errmsg })
    }
}

/// A failure without a code. The cause is logged once and does not appear in the response.
fn unforeseen(error: &(dyn std::error::Error + 'static)) -> StorefrontError {
    log_failure(error, "a request failed");
    StorefrontCode::Unforeseen.into()
}

fn store_failure(error: &StoreError) -> StorefrontError {
    match error {
        StoreError::Busy(_) => StorefrontCode::Busy.into(),
        StoreError::Unavailable(_)
        | StoreError::OutcomeUnknown(_)
        | StoreError::Corrupt(_)
        | StoreError::Refused(_) => unforeseen(error),
    }
}

impl From<SignInError> for StorefrontError {
    fn from(error: SignInError) -> Self {
        match error {
            SignInError::Wrong => StorefrontCode::WrongPassword.into(),
            SignInError::LockedOut | SignInError::Passwords(PasswordError::Busy) => {
                StorefrontCode::TooManyAttempts.into()
            }
            SignInError::Passwords(error @ PasswordError::Failed(_)) => unforeseen(&error),
            SignInError::Cart(error) => error.into(),
            SignInError::Store(error) => store_failure(&error),
        }
    }
}

impl From<NotAdmitted> for StorefrontError {
    fn from(refusal: NotAdmitted) -> Self {
        match refusal {
            NotAdmitted::UnknownUser => StorefrontCode::UnknownUser.into(),
            NotAdmitted::PasswordChanged => StorefrontCode::NotSignedIn.into(),
        }
    }
}

impl From<ShoppingError> for StorefrontError {
    fn from(error: ShoppingError) -> Self {
        match error {
            ShoppingError::NotAdmitted(refusal) => refusal.into(),
            ShoppingError::Cart(refusal) => refusal.into(),
            ShoppingError::Address(AddressRefusal::Unknown) => {
                Self::new(StorefrontCode::FieldInvalid, "收货地址无效: id")
            }
            ShoppingError::Address(AddressRefusal::Full) => {
                Self::new(StorefrontCode::FieldInvalid, format!("收货地址最多{}个", AddressEntries::MOST))
            }
            ShoppingError::Conflict => StorefrontCode::Busy.into(),
            ShoppingError::Carts(error) => unforeseen(&error),
            ShoppingError::Store(error) => store_failure(&error),
        }
    }
}

impl From<CartRefusal> for StorefrontError {
    fn from(refusal: CartRefusal) -> Self {
        match refusal {
            CartRefusal::UnknownSku => StorefrontCode::UnknownSku.into(),
            CartRefusal::InvalidCount => StorefrontCode::BadParameter.into(),
            CartRefusal::StockShort => StorefrontCode::OverStock.into(),
            CartRefusal::OverLimit { most } => {
                Self::new(StorefrontCode::OverStock, format!("每种商品最多购买{most}件"))
            }
            CartRefusal::Full => {
                Self::new(StorefrontCode::BadParameter, format!("购物车最多{}种商品", Cart::MOST_LINES))
            }
        }
    }
}

impl From<BrowseGoodsError> for StorefrontError {
    fn from(error: BrowseGoodsError) -> Self {
        match error {
            BrowseGoodsError::NoSuchPage => StorefrontCode::NoSuchPage.into(),
            BrowseGoodsError::UnknownSku => StorefrontCode::NoSuchSku.into(),
            BrowseGoodsError::NoSuchCombination => StorefrontCode::NoSuchCombination.into(),
            BrowseGoodsError::Store(error) => store_failure(&error),
        }
    }
}
