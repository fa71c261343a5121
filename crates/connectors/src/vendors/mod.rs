//! One file for each vendor: its configuration, and the requests that it wants.

mod entra;
mod genesys;
mod okta;
mod page;
mod twilio;

pub use entra::EntraConfig;
pub use genesys::GenesysConfig;
pub use okta::OktaConfig;
pub use twilio::TwilioConfig;
