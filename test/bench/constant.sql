SELECT answer();
