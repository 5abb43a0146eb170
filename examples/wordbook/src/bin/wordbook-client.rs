//! Writes and reads a dictionary.

use clap::{Parser, Subcommand};
use metadr::rpc::{Client, ClientConfig};
use metadr::rt::{AsyncStd, BlockOn, Smol, Tokio};
use std::error::Error;
use std::net::SocketAddr;
use wordbook::dictionary::v1;
use wordbook::{Definition, Entry, RuntimeName};

#[derive(Parser)]
struct Arguments {
    /// The async runtime
    #[arg(long, value_enum, default_value_t = RuntimeName::Smol)]
    runtime: RuntimeName,
    /// The address of the server
    server: SocketAddr,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Gives a word a meaning
    Define { word: String, meaning: String },
    /// Says what a word means
    LookUp { word: String },
    /// Lists all words
    List,
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments = Arguments::parse();
    match arguments.runtime {
        RuntimeName::Smol => run(&Smol::new(), arguments),
        RuntimeName::AsyncStd => run(&AsyncStd::new(), arguments),
        RuntimeName::Tokio => run(&Tokio::new(), arguments),
    }
}

fn run(runtime: &impl BlockOn, arguments: Arguments) -> Result<(), Box<dyn Error>> {
    runtime.block_on(async {
        let config = ClientConfig::default();
        let connection = Client::connect(runtime, arguments.server, config).await?;
        let dictionary = v1::Client::new(connection);
        match arguments.command {
            Command::Define { word, meaning } => {
                let (headword, text) = (word, meaning);
                dictionary.define(&Entry { headword, text }).await?;
            }
            Command::LookUp { word } => match dictionary.look_up(&word).await? {
                Definition::True(text) => println!("{text}"),
                Definition::False => return Err(format!("nobody knows what {word} means").into()),
            },
            Command::List => {
                for word in dictionary.list().await? {
                    println!("{word}");
                }
            }
        }
        Ok(())
    })
}
