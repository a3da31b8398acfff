//! An ordinary program on the AWS SDK for Rust: who am I, for SECONDS (0: once), with one client.
use std::time::{Duration, Instant};

use aws_config::BehaviorVersion;
use aws_sdk_sts::error::DisplayErrorContext;

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let seconds: f64 = std::env::args().nth(1).expect("SECONDS").parse().expect("a number");
    let config = aws_config::load_defaults(BehaviorVersion::latest()).await;
    let sts = aws_sdk_sts::Client::new(&config);
    let end = Instant::now() + Duration::from_secs_f64(seconds);
    loop {
        match sts.get_caller_identity().send().await {
            Ok(identity) => println!("{}", identity.arn().unwrap_or_default()),
            Err(error) => {
                eprintln!("{}", DisplayErrorContext(&error));
                std::process::exit(1);
            }
        }
        if Instant::now() >= end {
            break;
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}
