//! One file for each vendor: its configuration, and the requests that it wants.

mod cloudtrail;
mod connect;
mod entra;
mod five9;
mod genesys;
mod okta;
mod page;
mod salesforce;
mod twilio;

pub use cloudtrail::{BucketConfig, CloudTrailConfig};
pub use connect::{ConnectConfig, SearchConfig};
pub use entra::EntraConfig;
pub use five9::Five9Config;
pub use genesys::GenesysConfig;
pub use okta::OktaConfig;
pub use salesforce::SalesforceConfig;
pub use twilio::TwilioConfig;
