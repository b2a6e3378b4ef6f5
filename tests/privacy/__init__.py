"""What each viewer sees along every path of the contract."""
